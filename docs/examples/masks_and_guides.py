"""A mask says where a picture is changed, a guide how the next one is composed."""

from pathlib import Path

from anymedia import MediaClient
from anymedia_runware import ControlNet, RunwareOptions

with MediaClient.from_config(provider="runware") as client:  # Runway makes neither
    portrait = Path("portrait.jpg")
    mask = client.mask_image(image=portrait, confidence=0.4)
    print("saved", mask.save("mask.png")[0])
    smiling = client.image_to_image(prompt="a smiling face", image=portrait, mask=mask.output)
    print("saved", smiling.save("smiling.png")[0])

    edges = client.preprocess_image(image=portrait, preprocessor="canny")
    print("saved", edges.save("edges.png")[0])
    options = RunwareOptions(control_net=[ControlNet(model="runware:25@1", guide_image=edges.output.vendor_ref)])
    statue = client.text_to_image(prompt="a marble bust", provider_options={"runware": options})
    print("saved", statue.save("statue.png")[0])
