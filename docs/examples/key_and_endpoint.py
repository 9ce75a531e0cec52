"""A key from the environment, a key as an argument, and an endpoint that is not the vendor's."""

import os

from anymedia import MediaClient

with MediaClient("runware") as client:  # the key: RUNWARE_API_KEY
    print(client.text_to_image(prompt="a lighthouse at dusk").url)

key, gateway = os.environ["TEAM_KEY"], os.environ["TEAM_GATEWAY"]
with MediaClient("runware", api_key=key, base_url=gateway) as client:
    print(client.text_to_image(prompt="a lighthouse at dawn").url)
