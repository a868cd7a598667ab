using System.Globalization;
using RepoSentry.Exam;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Experiments;
using RepoSentry.Exam.Twins;

// The checker and other parts run as processes of their own, started by the exam.
if (args is ["check", .. var files])
{
    return Checker.Run(files);
}

if (args is ["write", var folder, var workers, var commits])
{
    return await AcknowledgedWriter.RunAsync(folder, int.Parse(workers, CultureInfo.InvariantCulture), int.Parse(commits, CultureInfo.InvariantCulture));
}

if (ExamOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(ExamOptions.Usage);
    return 2;
}

return options.Twins ? await TwinRun.RunAsync(options) : await ExamRun.RunAsync(options);
