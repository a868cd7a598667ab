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
                                scope.Transaction.Commit();
                                using var gap = scope.Connection.CreateCommand();
                                gap.CommandText = "BEGIN IMMEDIATE; SAVEPOINT piece;";
                                gap.ExecuteNonQuery();
                            }

                            await UpdateRepositoryAsync(scope, commit);
            """),
        new("in-flight-forgotten", "E1", "lost", "Storage/DeliveryStore.cs",
            "return (IReadOnlyList<OwedDelivery>)owed.AsList();",
            "return owed.Where(delivery => !{twin} || delivery.Status != \"in_flight\").ToList();"),
    ];
}
