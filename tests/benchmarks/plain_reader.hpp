#pragma once
// Reads many streams with nothing but epoll and recv, and counts their events: what any client on
// this machine has to pay at least.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::tests {

class PlainReader {
 public:
  explicit PlainReader(int port);
  ~PlainReader();
  PlainReader(const PlainReader&) = delete;
  PlainReader& operator=(const PlainReader&) = delete;

  /// Connects and asks. Throws std::runtime_error.
  void open(const std::string& body);
  /// Until every stream has ended, or 60 s bring nothing; how many events with text came, of
  /// `chunks` a stream at most.
  std::uint64_t read_all(std::uint32_t chunks);

 private:
  int port_;
  int epoll_;
  std::vector<int> sockets_;
};

}  // namespace squall::tests
