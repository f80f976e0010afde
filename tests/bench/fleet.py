"""
Many bare MQTT devices in one process, each with a certificate of its own and one connection.

python -m tests.bench.fleet PORT CA_FILE FOLDER MESSAGES_A_SECOND SECONDS

The folder has a file NAME.pem, certificate and key, for each device. They connect, four at a time, subscribe to
``dev/NAME/in`` and publish there, in turn. One line of JSON says how that went.
"""

import asyncio
import json
import ssl
import statistics
import struct
import sys
import time
from pathlib import Path

from tests.iot.mqtt.raw import connect, publish, subscribe

AT_ONCE = 4
PATIENCE_SECONDS = 15


async def packet(reader):
    first, length, shift = (await reader.readexactly(1))[0], 0, 0
    while True:
        octet = (await reader.readexactly(1))[0]
        length |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            return first, await reader.readexactly(length)


class Fleet:
    def __init__(self, port, ca_file, folder):
        self.port = port
        self.files = sorted(Path(folder).glob("*.pem"))
        self.ca_file = ca_file
        self.took, self.devices, self.delays = [], [], []

    def contexts(self):
        for file in self.files:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.load_cert_chain(file)
            yield file.stem, context

    async def join(self, name, context, gate):
        async with gate:
            began = time.perf_counter()
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=context, server_hostname="localhost"
            )
            writer.write(connect(name))
            assert await packet(reader) == (0x20, b"\0\0")
            self.took.append(time.perf_counter() - began)
            writer.write(subscribe((f"dev/{name}/in", 0)))
            assert await packet(reader) == (0x90, b"\0\1\0")
            self.devices.append((name, reader, writer))

    async def listen(self, reader):
        while True:
            first, body = await packet(reader)
            if first >> 4 == 3:
                self.delays.append(time.perf_counter() - struct.unpack(">d", body[-8:])[0])

    async def talk(self, rate, seconds):
        sent, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            while sent < passed * rate:
                name, _, writer = self.devices[sent % len(self.devices)]
                writer.write(publish(f"dev/{name}/in", struct.pack(">d", time.perf_counter())))
                sent += 1
            await asyncio.sleep(0.005)
        for _ in range(100 * PATIENCE_SECONDS):
            if len(self.delays) >= sent:
                break
            await asyncio.sleep(0.01)
        return sent, time.perf_counter() - began

    async def run(self, rate, seconds):
        gate, contexts = asyncio.Semaphore(AT_ONCE), list(self.contexts())
        began = time.perf_counter()
        await asyncio.gather(*(self.join(name, context, gate) for name, context in contexts))
        all_in = time.perf_counter() - began
        listening = [asyncio.ensure_future(self.listen(reader)) for _, reader, _ in self.devices]
        sent, took = await self.talk(rate, seconds)
        for task in listening:
            task.cancel()
        delays = sorted(self.delays)
        return {
            "devices": len(self.devices),
            "all_in_seconds": round(all_in, 2),
            "connect_median_ms": round(1000 * statistics.median(self.took), 1),
            "connect_p95_ms": round(1000 * sorted(self.took)[int(0.95 * len(self.took))], 1),
            "sent": sent,
            "received": len(delays),
            "messages_a_second": round(len(delays) / took),
            "delay_median_ms": round(1000 * delays[len(delays) // 2], 1),
            "delay_p99_ms": round(1000 * delays[int(0.99 * len(delays))], 1),
        }


if __name__ == "__main__":
    port, ca_file, folder, rate, seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(Fleet(int(port), ca_file, folder).run(int(rate), float(seconds)))))
