select max(id) from inbox
