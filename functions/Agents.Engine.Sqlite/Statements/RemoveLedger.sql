delete from ledger where instance = @instance
