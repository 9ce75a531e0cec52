"""Look into a Runware account: money, models, stored media and past tasks. None of it costs anything."""

from pathlib import Path

from anymedia import MediaClient, UpscaleImage
from anymedia_runware import Runware

with MediaClient.from_config() as client:
    runware = Runware(client)
    print("left:", runware.account.details().balance)

    found = runware.models.search("flux", category="checkpoint", limit=3)
    print(found.total_results, "models, first of all", found.results[0].air)

    stored = runware.media.upload(Path("cat.jpg"))  # sent once, used as often as you like
    large = [client.run(UpscaleImage(image=stored.media_uuid, factor=factor)) for factor in (2, 4)]
    print(len(large), "pictures of one upload")
    runware.media.delete(stored.media_uuid)

    details = runware.tasks.details(large[0].ref)
    print("asked:", details.request[0]["taskType"] if details.request else "no longer known")
