"""The administration: who of the staff may do what, who did what, and how the school is doing."""
