"""The commands of `shortlink`, a module each: `HELP`, `ONE_SHOT` and `run(settings)`."""
