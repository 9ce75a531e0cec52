"""A picture for each line typed in, all over one connection; should it break in between, it comes back by itself."""

import sys

from anymedia import MediaClient

with MediaClient.from_config() as client:  # connects at the first request
    for prompt in sys.stdin:
        result = client.text_to_image(prompt=prompt.strip())
        print(result.save("pictures/")[0], flush=True)
# here it is disconnected; without `with`, call client.close()
