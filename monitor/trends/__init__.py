"""Floor 12: volumes, breakdowns, exports."""
