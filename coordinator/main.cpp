// squall: the coordinator, and the command that people type.

#include <cstdio>
#include <exception>

#include "coordinator/command_line.hpp"

int main(int argc, char** argv) {
  try {
    return squall::coordinator::command_line(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall: internal error: %s\n", error.what());
    return 1;
  }
}
