"""The same key is the same task, however often this program runs; another request under it is refused."""

from anymedia import IdempotencyConflictError, MediaClient

with MediaClient.from_config() as client:
    order = "order-17"
    result = client.text_to_image(prompt="a lighthouse at dusk", idempotency_key=order)
    print(result.ref.id, result.url)
    try:
        client.text_to_image(prompt="a harbour", idempotency_key=order)
    except IdempotencyConflictError as error:
        print("refused:", error.message)
