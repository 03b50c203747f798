-- Only here: what the server does before it says that a transaction is in.
select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
  current_setting('full_page_writes'), current_setting('default_transaction_isolation')
