namespace Agents.StoreContract;

// Every contract on every store.

public sealed class FenceOnSqlite : FenceContract<SqliteSubject>;

public sealed class FenceOnSimulated : FenceContract<SimulatedSubject>;

public sealed class FenceOnPostgres : FenceContract<PostgresSubject>;

public sealed class InboxOnSqlite : InboxContract<SqliteSubject>;

public sealed class InboxOnSimulated : InboxContract<SimulatedSubject>;

public sealed class InboxOnPostgres : InboxContract<PostgresSubject>;

public sealed class StartOnSqlite : StartContract<SqliteSubject>;

public sealed class StartOnSimulated : StartContract<SimulatedSubject>;

public sealed class StartOnPostgres : StartContract<PostgresSubject>;

public sealed class ForkOnSqlite : ForkContract<SqliteSubject>;

public sealed class ForkOnSimulated : ForkContract<SimulatedSubject>;

public sealed class ForkOnPostgres : ForkContract<PostgresSubject>;

public sealed class OwnershipOnSqlite : OwnershipContract<SqliteSubject>;

public sealed class OwnershipOnSimulated : OwnershipContract<SimulatedSubject>;

public sealed class OwnershipOnPostgres : OwnershipContract<PostgresSubject>;

public sealed class EffectOnSqlite : EffectContract<SqliteSubject>;

public sealed class EffectOnSimulated : EffectContract<SimulatedSubject>;

public sealed class EffectOnPostgres : EffectContract<PostgresSubject>;

public sealed class QueryOnSqlite : QueryContract<SqliteSubject>;

public sealed class QueryOnSimulated : QueryContract<SimulatedSubject>;

public sealed class QueryOnPostgres : QueryContract<PostgresSubject>;

public sealed class QueueOnSqlite : QueueContract<SqliteSubject>;

public sealed class QueueOnSimulated : QueueContract<SimulatedSubject>;

public sealed class QueueOnPostgres : QueueContract<PostgresSubject>;
