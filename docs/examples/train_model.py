"""A model learns our style, and draws in it."""

from pathlib import Path

from anymedia import MediaClient
from anymedia_runware import Lora, RunwareOptions

with MediaClient.from_config(provider="runware") as client:  # Runway trains nothing
    trained = client.with_options(timeout=3600).train_model(
        dataset=Path("drawings.zip"),
        trigger_word="ourstyle",
        steps=1000,
        name="acme:900@1",  # Runware wants an address in your organisation
    )
    print("trained", trained.trained_model)
    learned = RunwareOptions(lora=[Lora(model=trained.trained_model)])
    picture = client.text_to_image(prompt="a lighthouse, ourstyle", provider_options={"runware": learned})
    print("saved", picture.save("lighthouse.png")[0])
