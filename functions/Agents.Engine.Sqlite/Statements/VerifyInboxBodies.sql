select b.id, b.instance, d.lineage, b.body from inbox b join details d on d.key = b.instance where b.kind = 0
