#pragma once
// Before a run: is there a server, does it take our key, does it know the model? With errors that
// say what to mend.

#include <string>
#include <vector>

#include "agents/targets/openai/api_key.hpp"
#include "agents/targets/openai/http/connection.hpp"

namespace squall::agents {

struct ServerFindings {
  std::string model;       // to ask for: the scenario's, or the only one that there is
  bool is_squall = false;  // squall serve, which can tell its own stamps
  std::vector<std::string> warnings;
};

struct ServerQuestion {
  Dialer::Options dialing;
  std::string target;         // what is asked for: "/v1/models"
  std::string header_fields;  // has the key in it
  std::string wanted_model;   // empty: whatever the server has
  std::string key_source;     // in words: "the variable OPENAI_API_KEY"
};

/// What the server says to GET …/models. Blocks, at most some seconds more than the time to
/// connect. Throws std::invalid_argument.
ServerFindings check_server(const ServerQuestion& question, const ApiKey& key);

/// The same from an answer that is there. Public for tests.
ServerFindings read_models(unsigned status, const std::string& body, const ServerQuestion& question,
                           const ApiKey& key);

}  // namespace squall::agents
