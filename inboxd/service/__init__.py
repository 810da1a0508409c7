"""The process as a service: its life, what its service manager is told, and who hears if it fails."""
