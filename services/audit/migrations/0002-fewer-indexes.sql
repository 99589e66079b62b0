-- Each index is written for every event, and on a shared machine the bus pays for it.
-- Handoffs that an event delivered or ended are found among those of its dossier.
drop index handoff_ended;
drop index handoff_delivered;
-- One index finds a dossier by its code alone and with its shard.
drop index dossier_code;
alter table dossier drop constraint dossier_pkey;
alter table dossier add primary key (dossier, shard);
