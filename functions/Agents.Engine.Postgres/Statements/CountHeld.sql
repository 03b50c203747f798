select queue, tenant, key, count(*)::integer from agents.places where queue = any(@names) and held group by queue, tenant, key
