namespace Agents.StoreContract;

// Every contract on every store.

public sealed class FenceOnSqlite : FenceContract<SqliteSubject>;

public sealed class FenceOnSimulated : FenceContract<SimulatedSubject>;

public sealed class InboxOnSqlite : InboxContract<SqliteSubject>;

public sealed class InboxOnSimulated : InboxContract<SimulatedSubject>;

public sealed class StartOnSqlite : StartContract<SqliteSubject>;

public sealed class StartOnSimulated : StartContract<SimulatedSubject>;

public sealed class ForkOnSqlite : ForkContract<SqliteSubject>;

public sealed class ForkOnSimulated : ForkContract<SimulatedSubject>;

public sealed class OwnershipOnSqlite : OwnershipContract<SqliteSubject>;

public sealed class OwnershipOnSimulated : OwnershipContract<SimulatedSubject>;

public sealed class EffectOnSqlite : EffectContract<SqliteSubject>;

public sealed class EffectOnSimulated : EffectContract<SimulatedSubject>;

public sealed class QueryOnSqlite : QueryContract<SqliteSubject>;

public sealed class QueryOnSimulated : QueryContract<SimulatedSubject>;
