"""What a client of the web page does with a video."""

import time


def upload(client, content, **given):
    """The token of a video that was uploaded."""
    token = client.post("/videos", params={"name": "dive.mp4", **given}).json()["token"]
    assert client.put(f"/videos/{token}", content=content).json()["state"] == "waiting"
    return token


def settled(client, token, states=("done", "failed")):
    """What is told of a video, once it is done or has failed, or is in another of the states."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        told = client.get(f"/videos/{token}").json()
        if told.get("state") in states:
            return told
        time.sleep(0.01)
    raise AssertionError(told)


def code_of(response, status):
    """The code of a refusal with this status."""
    assert response.status_code == status, response.text
    assert set(response.json()) == {"code", "message"}
    return response.json()["code"]
