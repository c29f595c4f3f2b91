"""The HTTP API: what the loop can do, for programs. It holds no rules of its own."""
