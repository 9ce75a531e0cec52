"""A list of providers: the next is asked only when the one before has surely started nothing."""

from anymedia import MediaClient

with MediaClient("runway") as client:
    either = client.with_options(fallback=["runware"])
    result = either.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9")
    print(result.provider, result.url)
    for notice in result.notices:
        print(notice.code, notice.message)
