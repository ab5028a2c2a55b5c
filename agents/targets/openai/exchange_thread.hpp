#pragma once
// The thread that all exchanges with a server live on: takes requests from any thread, reports what
// comes of them.

#include <memory>
#include <string>

#include "agents/targets/openai/api_key.hpp"
#include "agents/targets/openai/exchange.hpp"
#include "agents/targets/target.hpp"

namespace squall::agents {

class ExchangeThread {
 public:
  struct Options {
    Dialer::Options dialing;
    ExchangeSurroundings::Patience patience;
    unsigned max_connections = 0;  // 0: as many as there are requests
    bool stream = true;
    ApiKey key;  // servers like to repeat what they were given: no word of theirs shows it
    std::string this_host;  // of the clock that server stamps may be compared with
  };

  /// Throws std::invalid_argument for a ca_file that cannot be used.
  ExchangeThread(Options options, TargetEvents events);
  /// What is open is not reported any more.
  ~ExchangeThread();

  void submit(PreparedRequest request);
  void abandon(const actors::RequestOutcome& outcome);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace squall::agents
