"""A district's office: receives what is forwarded to it, acknowledges it, and settles the delivery when custody is its own."""

from __future__ import annotations

import sys

from settings import Office, lt

office = Office(sys.argv[1])
RECEIVER = 1  # DELIVERY_ROLE_RECEIVER

with office.exchange as bus, bus.receive(office.shard.shard, office.agency) as deliveries:
    for delivery in deliveries:
        event = office.contracts.parse("exchange.v1.Event", delivery.event)
        statement = office.contracts.parse("exchange.v1.Statement", event.statement.payload)
        if delivery.role == RECEIVER and statement.dossier == office.told["dossier"]:
            forward = lt.leaf_hash(delivery.event)
            for offered in statement.forward.branches:
                if offered.receiver.agency == office.agency:
                    office.say(office.pen.acknowledge(statement.dossier, offered.branch, forward))
            # Settled only now: had this process ended before, the delivery would have come again.
            deliveries.settle(delivery)
            break
        deliveries.settle(delivery)
