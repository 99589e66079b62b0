-- The index of the trail. Every row follows from the events of the streams and the registry entries that they cite, and from nothing else.
-- Times are microseconds since 1970-01-01T00:00:00Z: "_us" by the shard's clock, "_wall_us" real UTC. "_leaf" is an index in the shard's log.

create table shard_position (
  shard text primary key,
  generation integer not null,
  -- Messages read: the last one is leaf size - 1.
  size bigint not null,
  last_hash bytea not null,
  clock_us bigint not null,
  wall_us bigint not null,
  simulated boolean not null
);

create table event (
  shard text not null,
  leaf bigint not null,
  hash bytea not null,
  -- Empty for events of the shard.
  dossier text not null,
  number bigint not null,
  said text not null,
  agency text not null,
  unit text not null,
  system text not null,
  statement_id uuid,
  branches text[] not null,
  reason text not null,
  outcome text not null,
  recorded_us bigint not null,
  wall_us bigint not null,
  primary key (shard, leaf)
);
create index event_dossier on event (dossier, shard, leaf);
create index event_statement on event (statement_id) where statement_id is not null;
-- Hashes are random: a hash index stays small and is written in one place.
create index event_hash on event using hash (hash);

create table dossier (
  shard text not null,
  dossier text not null,
  opened_leaf bigint not null,
  opened_by text not null,
  area_code text not null,
  procedure_entry bytea not null,
  -- Key of that entry's procedure; empty if the registry has no such entry.
  procedure text not null,
  route text not null,
  events bigint not null,
  last_leaf bigint not null,
  ended boolean not null,
  -- Who opened it or was ever offered a branch of it: who may read of it.
  agencies text[] not null,
  -- Custody of its open branches, as the index folds it.
  fold text not null,
  primary key (shard, dossier)
) with (fillfactor = 60);
create index dossier_code on dossier (dossier);

create table handoff (
  shard text not null,
  forward_leaf bigint not null,
  branch text not null,
  dossier text not null,
  consult boolean not null,
  from_agency text not null,
  from_unit text not null,
  to_agency text not null,
  to_unit text not null,
  step text not null,
  edge text not null,
  due_us bigint,
  forward_hash bytea not null,
  forward_us bigint not null,
  forward_wall_us bigint not null,
  delivered_leaf bigint,
  delivered_us bigint,
  delivered_wall_us bigint,
  outcome text not null,
  ended_leaf bigint,
  ended_us bigint,
  ended_wall_us bigint,
  reason text not null,
  primary key (shard, forward_leaf, branch)
) with (fillfactor = 80);
create index handoff_dossier on handoff (dossier);
create index handoff_from on handoff (from_agency, forward_us);
create index handoff_to on handoff (to_agency, forward_us);
create index handoff_ended on handoff (shard, ended_leaf) where ended_leaf is not null;
create index handoff_delivered on handoff (shard, delivered_leaf) where delivered_leaf is not null;
create index handoff_pending on handoff (to_agency, shard, forward_leaf) where ended_leaf is null;

create table holding (
  shard text not null,
  began_leaf bigint not null,
  branch text not null,
  dossier text not null,
  holder text not null,
  unit text not null,
  step text not null,
  state text not null,
  held_since_us bigint not null,
  began_us bigint not null,
  began_wall_us bigint not null,
  ended_leaf bigint,
  ended_us bigint,
  ended_wall_us bigint,
  primary key (shard, began_leaf, branch)
) with (fillfactor = 70);
create index holding_dossier on holding (dossier);
create index holding_holder on holding (holder, began_us);
create index holding_open on holding (holder, shard, began_leaf) where ended_leaf is null;
