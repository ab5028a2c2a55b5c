#pragma once
// What is thrown when the store of runs cannot do what was asked.

#include <stdexcept>

namespace squall::coordinator {

/// The message names the file and the remedy.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace squall::coordinator
