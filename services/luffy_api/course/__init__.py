"""Courses, their teachers and what they consist of."""
