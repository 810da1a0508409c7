"""What people do to cases: keys, changes, what came of them, and taking back."""
