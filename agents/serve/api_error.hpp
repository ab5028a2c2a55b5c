#pragma once
// A request that is not served: status, and the fields of OpenAI's error object.

#include <stdexcept>
#include <string>

namespace squall::agents {

struct ApiError : std::runtime_error {
  struct Details {
    unsigned status = 400;
    std::string param = {};  // the field that is to blame; empty: none
    std::string code = {};   // for programs; empty: none
  };
  ApiError(const std::string& message, Details with)
      : std::runtime_error(message), details(std::move(with)) {}

  Details details;
};

}  // namespace squall::agents
