-- Only here: an embedded store lives on this machine's clock.
select (extract(epoch from clock_timestamp()) * 10000000)::bigint + 621355968000000000
