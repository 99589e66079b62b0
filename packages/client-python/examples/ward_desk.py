"""A ward's one-stop desk: opens a dossier, forwards it, hears that it was acknowledged, and checks the trail."""

from __future__ import annotations

import sys

from settings import Office, lt

office = Office(sys.argv[1])
dossier: str = office.told["dossier"]
route = office.route.routes[0].route
start = next(step for step in route.steps if step.start)
edge = next(edge for edge in route.edges if getattr(edge, "from") == start.id and edge.kind == 1)
reached = next(step for step in route.steps if step.id == edge.to)
receiver = office.receivers[reached.role][0]

with office.exchange as bus:
    head = office.say(
        office.pen.open(
            dossier,
            area_code=office.told["area"],
            procedure_entry=office.route.entry,
            route_entry=office.route.routes[0].entry,
            calendar_entry=office.route.calendar_entry,
            step=start.id,
            channel=2,  # CHANNEL_ONLINE
            applicant_digest=lt.commitment(
                lt.new_salt(), "applicant", lt.applicant_bytes("citizen", "999199000001", "Nguyễn Thị Ánh", "1999-02-28")
            ),
        )
    )
    if start.completion_required:
        head = office.say(office.pen.complete(dossier, "0", head, start.id, outcome=4))  # OUTCOME_DONE
    to = {"agency": receiver.agency, "unit": receiver.unit}
    target = {"branch": "0", "step": edge.to, "edge": edge.id, "receiver": to}
    try:
        # A head that is not the branch's is refused, and the refusal names the reason and the field.
        bus.submit(office.pen.forward(dossier, "0", bytes(32), [target]).envelope)
    except lt.BusError as refused:
        office.show(refused=refused.reason, field=refused.field, texts=sorted(refused.texts))
    head = office.say(office.pen.forward(dossier, "0", head, [target]))

    # What became of the forward comes to the desk as well.
    with bus.receive(office.shard.shard, office.agency, subscription="ward-desk") as deliveries:
        for delivery in deliveries:
            event = office.contracts.parse("exchange.v1.Event", delivery.event)
            deliveries.settle(delivery)
            statement = office.contracts.parse("exchange.v1.Statement", event.statement.payload)
            if statement.dossier == dossier and statement.acknowledge.handoff.forward == head:
                break

    trail = bus.trail(office.shard.shard, dossier, office.agency)
    withheld = lt.check_trail(office.contracts, dossier, trail, office.registry)
    (branch,) = bus.dossier(office.shard.shard, dossier, office.agency).branches
    office.show(events=len(trail), withheld=withheld, holder=branch.holder)
