"""The demo brand: Lumora, a marketplace that does not exist, watched through simulated platforms."""
