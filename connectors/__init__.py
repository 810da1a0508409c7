"""The networks inboxd speaks to: one file each, and the only place that knows their SDKs."""
