"""How everything stands, and how today goes."""
