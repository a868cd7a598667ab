namespace RepoSentry.Exam.Twins;

/// <summary>Every way in which the product is broken to show that the exam sees it.</summary>
internal static class TwinTable
{
    public static IReadOnlyList<Twin> All { get; } =
    [
        new("events-after-snapshot", "E1", "lost", "Storage/PollStore.cs",
            """
                            await UpdateRepositoryAsync(scope, commit);
            """,
            """
                            if ({twin})
                            {
                                using var gap = scope.Connection.CreateCommand();
                                gap.CommandText = "COMMIT; BEGIN IMMEDIATE; SAVEPOINT piece;";
                                gap.ExecuteNonQuery();
                            }

                            await UpdateRepositoryAsync(scope, commit);
            """),
        new("in-flight-forgotten", "E1", "lost", "Storage/DeliveryStore.cs",
            "return (IReadOnlyList<OwedDelivery>)owed.AsList();",
            "return (IReadOnlyList<OwedDelivery>)owed.Where(delivery => !{twin} || delivery.Status != \"in_flight\").ToList();"),
        new("synchronous-normal", "E2", "acknowledged rows missing", "Storage/Sqlite/SqliteDatabase.cs",
            """
                    pragma.ExecuteNonQuery();
            """,
            """
                    pragma.CommandText += {twin} ? "PRAGMA synchronous=NORMAL;" : "";
                    pragma.ExecuteNonQuery();
            """),
        new("answer-before-commit", "E2", "acknowledged rows missing", "Storage/Sqlite/SqliteWriter.cs",
            """
                        transaction.Commit();
            """,
            """
                        if ({twin})
                        {
                            batch.ForEach(piece => piece.Complete());
                            Thread.Sleep(2);
                        }

                        transaction.Commit();
            """),
    ];
}
