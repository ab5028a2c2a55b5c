#pragma once
// Runs somebody else's program on the same model and prompt, and takes what it writes.

#include <chrono>
#include <string>
#include <vector>

namespace squall::agents {

struct ProgramOutput {
  std::string text;  // of standard output
  int exit_code = 0;
  std::chrono::duration<double> elapsed{};
};

/// Waits for its end, at most `patience`; then it is killed. Its standard error goes to ours.
/// Throws ModelError when it cannot be started or takes too long.
ProgramOutput run_program(const std::string& path, const std::vector<std::string>& arguments,
                          std::chrono::seconds patience);

/// The arguments that llama.cpp's completion program takes for a greedy answer.
std::vector<std::string> llama_cpp_arguments();

/// {model}, {prompt}, {tokens} and {threads} replaced in each argument.
std::vector<std::string> filled_in(std::vector<std::string> arguments, const std::string& model,
                                   const std::string& prompt, std::size_t tokens,
                                   std::size_t threads);

}  // namespace squall::agents
