"""Connects as often as it is told, and says of each round whether its last message came whole."""

import asyncio
import json
import ssl
import sys

import websockets


async def one(config, context, number):
    lengths = []
    last = ""
    url = f"{config['url']}?round={number}"
    async with websockets.connect(url, ssl=context, max_size=config["maxSize"]) as socket:
        try:
            async for message in socket:
                lengths.append(len(message))
                last = message
        except websockets.ConnectionClosed:
            pass
    whole = last == str(number).zfill(8) * (config["length"] // 8)
    print(json.dumps({"round": number, "lengths": lengths, "whole": whole}), flush=True)


async def main():
    config = json.load(sys.stdin)
    context = ssl.create_default_context(cadata=config["certificate"])
    numbers = iter(range(config["rounds"]))

    async def lane():
        for number in numbers:
            await one(config, context, number)

    await asyncio.gather(*(lane() for _ in range(config["atOnce"])))


asyncio.run(main())
