"""Taking courses: who may see what, and how far they came."""
