"""Meta's Graph API through facebook-sdk: what Facebook Pages and Instagram professional profiles share."""
