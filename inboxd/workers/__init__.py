"""What runs all day: reading, judging, escalating and sending, each on its own."""
