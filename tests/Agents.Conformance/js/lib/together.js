'use strict';
// whenAll and whenAny of whichever SDK made the tasks.

const ms = require('@microsoft/durabletask-js');

const sdkOf = tasks => tasks.length === 0 || tasks[0] instanceof ms.Task ? ms : require('@dapr/durabletask-js/task');

module.exports = {
  whenAll: tasks => sdkOf(tasks).whenAll(tasks),
  whenAny: tasks => sdkOf(tasks).whenAny(tasks),
};
