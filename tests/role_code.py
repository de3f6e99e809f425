"""The Python of a role, which is no package, as modules that a test can call."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROLES = Path(__file__).resolve().parents[1] / "roles"


def load(role: str, path: str) -> ModuleType:
    """Import a file of a role."""
    name = f"{role}_role_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, ROLES / role / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
