"""How a release's containers take over from those that serve, and how they give way again."""
