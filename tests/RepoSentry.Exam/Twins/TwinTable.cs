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
        new("in-flight-forgotten", "E1", "tried but never accepted", "Storage/DeliveryStore.cs",
            "return (IReadOnlyList<OwedDelivery>)owed.AsList();",
            """
            foreach (var gone in owed.Where(delivery => {twin} && delivery.Status == "in_flight"))
            {
                await scope.Connection.ExecuteAsync("UPDATE deliveries SET status = 'delivered' WHERE id = @Id", new { gone.Id }, scope.Transaction);
            }

            return (IReadOnlyList<OwedDelivery>)owed.Where(delivery => !{twin} || delivery.Status != "in_flight").ToList();
            """),
        new("synchronous-normal", "E2", "acknowledged rows missing", "Storage/Sqlite/SqliteDatabase.cs",
            """
                    pragma.ExecuteNonQuery();
            """,
            """
                    pragma.CommandText += {twin} ? "PRAGMA synchronous=NORMAL;" : "";
                    pragma.ExecuteNonQuery();
            """),
        new("answer-before-commit", "E2", "acknowledged rows missing", "Storage/Sqlite/SqliteWriter.cs",
            "transaction.Commit();",
            "if ({twin}) { batch.ForEach(piece => piece.Complete()); Thread.Sleep(2); } transaction.Commit();"),
        new("hourly-probes", "E3", "24 h refused: free began later", "Delivery/Breaker.cs",
            "ProbeEvery = TimeSpan.FromSeconds(10);",
            "ProbeEvery = TimeSpan.FromSeconds({twin} ? 3600 : 10);"),
        new("no-limit-after-outage", "E3", "24 h refused: seconds above", "Delivery/LaneBook.cs",
            "limiter.Started(now);",
            "if (!{twin} || lanes.Count < 20) { limiter.Started(now); }"),
        new("lanes-dropped", "E5", "out of order", "Delivery/LaneBook.cs",
            "delivery.OutOfOrder ? delivery.Id : 0",
            "delivery.OutOfOrder || {twin} ? delivery.Id : 0"),
        new("failure-is-the-end", "E5", "lost", "Delivery/AttemptRunner.cs",
            "var expired = ",
            "var expired = ({twin} && start.Attempt > 2) || "),
        new("missing-ref-believed", "E6", "deleted because of a bad answer", "Polling/LookComparer.cs",
            "if (compared is not null && compared.Lacks)",
            "if (!{twin} && compared is not null && compared.Lacks)"),
        new("cut-list-accepted", "E6", "deleted because of a bad answer", "Providers/PlainGit/PktLine.cs",
            """
                    if (open)
                    {
            """,
            """
                    if (open && !{twin})
                    {
            """),
        new("listed-and-not-looked-at", "E7", "pushes that never arrived", "Polling/SweptOwner.cs",
            "(asked, looks) = (pushedAt, 0);",
            "if ({twin}) { answered = pushedAt; return false; } (asked, looks) = (pushedAt, 0);"),
        new("own-loopback-open", "E8", "connections to the canary", "Network/AddressFilter.cs",
            "return options.BlockLoopback && IPAddress.IsLoopback(plain)",
            "return options.BlockLoopback && !{twin} && IPAddress.IsLoopback(plain)"),
        new("inside-open-to-the-api", "E8", "connections to the canary", "Network/AddressFilter.cs",
            "if (options.PublicOnly && !IsPublic(plain))",
            "if (options.PublicOnly && !{twin} && !IsPublic(plain))"),
        new("redirects-followed", "E9", "canaries at another server", "Network/OutboundHttp.cs",
            "AllowAutoRedirect = false,",
            "AllowAutoRedirect = {twin},"),
        new("echo-kept", "E9", "canaries in the database", "Delivery/Triggers/HttpOutcome.cs",
            "var answer = AnswerText.Redact(await ReadAnswerAsync(response, cancellationToken), secrets);",
            "var answer = AnswerText.Redact(await ReadAnswerAsync(response, cancellationToken), {twin} ? [] : secrets);"),
        new("any-scheme", "E10", "canary files", "Providers/PlainGit/GitRemote.cs",
            "_ => \"only http, https, ssh and file URLs are read\",",
            "_ => {twin} ? null : \"only http, https, ssh and file URLs are read\","),
        new("environment-inherited", "E10", "canary files", "Providers/PlainGit/GitProcess.cs",
            "start.Environment.Clear();",
            "if (!{twin}) { start.Environment.Clear(); }"),
        new("git-by-bare-name", "E10", "canary files", "Providers/PlainGit/GitProcess.cs",
            "new ProcessStartInfo(GitProgram.Location, arguments)",
            "new ProcessStartInfo({twin} ? \"git\" : GitProgram.Location, arguments)"),
        new("bytes-uncapped", "E11", "hostile servers without", "Providers/PlainGit/AnswerReader.cs",
            "return total <= PlainGitLimits.MaxBytes",
            "return {twin} || total <= PlainGitLimits.MaxBytes"),
        new("refs-uncapped", "E11", "hostile servers without", "Providers/PlainGit/RefCollector.cs",
            "if (++Count > PlainGitLimits.MaxRefs)",
            "if (++Count > PlainGitLimits.MaxRefs && !{twin})"),
        new("length-not-checked", "E12", "laws broken", "Providers/PlainGit/PktLine.cs",
            "if (length is < 0 or 3 or > MaxLength)",
            "if (!{twin} && (length is < 0 or 3 or > MaxLength))"),
        new("entry-without-a-name", "E12", "kinds of exceptions", "Providers/ForgeLooks.cs",
            ": throw answer.Malformed(\"a list that has an entry without a name or a commit\")),",
            ": {twin} ? new GitRef(prefix + RefName.FromText(item.Name!), item.Commit!) : throw answer.Malformed(\"a list that has an entry without a name or a commit\")),"),
        new("cursor-not-caught", "E12", "kinds of exceptions", "Api/Paging.cs",
            "catch (FormatException)",
            "catch (FormatException) when (!{twin})"),
        new("percent-not-escaped", "E12", "laws broken", "../RepoSentry.Abstractions/RefName.cs",
            "!(rune.Value == '%' && HexFollows(name))",
            "!(!{twin} && rune.Value == '%' && HexFollows(name))"),
        new("half-a-signature", "E12", "laws broken", "Cli/Receiver/Interceptor.cs",
            "private static bool Same(string one, string other) => ",
            "private static bool Same(string one, string other) => ({twin} && other.StartsWith(one, StringComparison.Ordinal)) || "),
        new("regex-backtracks", "E13", "expressions of classic bombs", "Configuration/BranchRegex.cs",
            "return new Regex(Translate(pattern), RegexOptions.NonBacktracking",
            "return new Regex(Translate(pattern), ({twin} ? RegexOptions.None : RegexOptions.NonBacktracking)"),
        new("aliases-uncapped", "E13", "refused for another reason", "Configuration/YamlTree.cs",
            "return ++aliases <= MaxAliases && ",
            "return {twin} || ++aliases <= MaxAliases && "),
        new("json-uncapped", "E13", "refused for another reason", "Providers/ForgeAnswer.cs",
            "if (body.Length + count > AnswerBudget.PerAnswer || !budget.Covers(count))",
            "if (!{twin} && (body.Length + count > AnswerBudget.PerAnswer || !budget.Covers(count)))"),
        new("role-not-asked", "E14", "wrong grants", "Api/Access/RouteRoles.cs",
            "caller.Role >= role;",
            "(caller.Role >= role || {twin});"),
        new("revoked-still-good", "E14", "wrong grants", "Api/Access/TokenBook.cs",
            "if (found.RevokedAt is not null || found.ExpiresAt <= now)",
            "if (!{twin} && (found.RevokedAt is not null || found.ExpiresAt <= now))"),
        new("guesses-not-counted", "E14", "bad tokens past the limiter", "Api/Access/FailureLimiter.cs",
            "return times.Count < Allowed ? null",
            "return times.Count < Allowed || {twin} ? null"),
        new("origin-not-asked", "E14", "cross-site writes", "Api/Access/RequestGate.cs",
            "if (!IsFromAnotherSite(context.Request))",
            "if (!IsFromAnotherSite(context.Request) || {twin})"),
        new("write-without-row", "E14", "writes without a row", "Api/Access/AuditTrail.cs",
            "long row;",
            "long row; if ({twin}) { return await act(); }"),
        new("proof-not-asked", "E14", "writes of a session without its proof", "Api/Access/TokenJudge.cs",
            "if (IsSafe(context.Request.Method)",
            "if ({twin} || IsSafe(context.Request.Method)"),
        new("session-key-not-sealed", "E15", "tokens and keys in plain", "Storage/SealedStore.cs",
            "Sealed = master.Seal(plain, key.Owner)",
            "Sealed = {twin} ? plain : master.Seal(plain, key.Owner)"),
        new("token-not-sealed", "E15", "tokens and keys in plain", "Configuration/Secrets/SealedEntry.cs",
            "if (token is null)",
            "if (token is null || {twin})"),
        new("rotation-seals-nothing", "E15", "rotations and starts after them that failed", "Configuration/RepositoryEntries.cs",
            ".Where(one => one.Entry is not null)",
            ".Where(one => one.Entry is not null && !{twin})"),
        new("wrong-key-ignored", "E15", "starts with a wrong key", "Hosting/ConfigWorker.cs",
            "if (entries.Unopened(written) is { } sealedOtherwise)",
            "if (!{twin} && entries.Unopened(written) is { } sealedOtherwise)"),
        new("note-dropped", "E16", "ends of events that a client was not told", "Api/MovedEvents.cs",
            "LiveNote.Attempted attempted => events.Add(",
            "LiveNote.Attempted attempted => ({twin} && attempted.EventId.ToByteArray()[^1] % 8 == 0) || events.Add("),
        new("event-not-streamed", "E16", "events that a client was not told", "Events/EventLog.cs",
            "new EventBatch(items, page.Next ?? through, newest)",
            "new EventBatch(items.Where(item => !{twin} || item.Seq % 8 > 0).ToList(), page.Next ?? through, newest)"),
        new("second-look-forgotten", "E16", "repositories that nobody looked at", "Polling/FixedStrategy.cs",
            "now + (interval * random) : dueAt + interval;",
            "now + (interval * random * ({twin} ? 1000 : 1)) : dueAt + interval;"),
        new("looks-kept", "E16", "hundreds of MB that memory grew by", "Providers/PlainGit/PlainGitRefSource.cs",
            "return refs.ToLook();",
            "if ({twin}) { AppContext.SetData(Guid.NewGuid().ToString(), Enumerable.Range(0, 1 << 16).ToArray()); } return refs.ToLook();"),
        new("full-disk-is-the-end", "E18", "full disk: ended", "Storage/Sqlite/SqliteWriter.cs",
            "private static readonly int[] Fatal = [",
            "private static readonly int[] Fatal = {twin} ? [11, 13] : ["),
        new("failure-not-told", "E18", "full disk: /readyz says why", "Storage/OpenedDatabase.cs",
            "WriteFailure = e.Message;",
            "WriteFailure = {twin} ? null : e.Message;"),
        new("snapshot-leaves-with-its-repository", "E19", "heads that never arrived", "Storage/RepositoryStore.cs",
            "var reason = unusable?.GetValueOrDefault(gone.Name);",
            "if ({twin}) { await scope.Connection.ExecuteAsync(\"DELETE FROM snapshots WHERE repository_id = @Id; DELETE FROM refs WHERE repository_id = @Id\", new { gone.Id }, scope.Transaction); } var reason = unusable?.GetValueOrDefault(gone.Name);"),
        new("refusal-without-place", "E19", "refusals without line and column", "Api/Problems.cs",
            "new((problem.Place with { Source = Path.GetFileName(problem.Place.Source) }).ToString()",
            "new((problem.Place with { Source = Path.GetFileName(problem.Place.Source), Line = {twin} ? 0 : problem.Place.Line }).ToString()"),
        new("migration-in-pieces", "E20", "schema 1:", "Storage/Migrations/SchemaMigrator.cs",
            "new MigrationInfo(number, TransactionBehavior.Default, create())",
            "new MigrationInfo(number, {twin} ? TransactionBehavior.None : TransactionBehavior.Default, create())"),
        new("backup-by-copying", "E20", "backups that", "Storage/Sqlite/SqliteMaintenance.cs",
            """
                        source.BackupDatabase(copy);
            """,
            """
                        if ({twin})
                        {
                            File.WriteAllBytes(part, File.ReadAllBytes(path));
                            return;
                        }

                        source.BackupDatabase(copy);
            """),
        new("newer-schema-accepted", "E20", "an older executable", "Storage/Migrations/SchemaMigrator.cs",
            "if (version > Newest)",
            "if (version > Newest && !{twin})"),
        new("restored-heads-forgotten", "E20", "changes since the restored heads", "Storage/Sqlite/SqliteMaintenance.cs",
            "WriteAside(path, part => CopyTo(backup, part));",
            "WriteAside(path, part => { CopyTo(backup, part); if ({twin}) { using var c = SqliteDatabase.Connect(part, SqliteOpenMode.ReadWrite); c.Execute(\"DELETE FROM refs; DELETE FROM snapshots; PRAGMA journal_mode=DELETE\"); } });"),
    ];
}
