using Agents.ModelServer.Training.Lessons;

return await LessonVerbs.RunAsync(args) ? 0 : 2;
