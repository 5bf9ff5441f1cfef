// Questions and answers between the benchmark and its child processes.

/** In a child: answers each message of the parent with the result of `handle`, and ends with the parent. */
export const answerParent = (handle) => {
  const answerTo = async (question) => {
    try {
      return { answer: await handle(question) };
    } catch (error) {
      return { error: error.message };
    }
  };
  process.on("message", (question) => {
    // `answerTo` does not reject.
    void answerTo(question).then((answer) => process.send(answer));
  });
  process.on("disconnect", () => process.exit());
};

/** In the parent: asks a child, one question at a time. Rejects when the child fails or ends. */
export const ask = (child, question) =>
  new Promise((resolve, reject) => {
    const onExit = (code, signal) => reject(new Error(`a child process ended with ${signal ?? code}`));
    child.once("exit", onExit);
    child.once("message", ({ answer, error }) => {
      child.off("exit", onExit);
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    });
    child.send(question, (error) => {
      if (error) reject(new Error(`a child process cannot be asked: ${error.message}`));
    });
  });
