"""What people do to cases: keys, errands, what came of them, and taking back."""
