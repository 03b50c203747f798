-- A control character cannot be part of an id, so the hidden row is in nobody's way.
update details set hidden = 1, id = char(1) || key where key = @key
