#pragma once
// A network of its own, as another machine has it: made without a name, so that it is gone with
// this process however that ends. Takes root (CAP_SYS_ADMIN and CAP_NET_ADMIN).

#include <stdexcept>
#include <string>

namespace squall::tests {

class NetworkNamespace {
 public:
  /// Its loopback interface is up. Throws std::system_error where this process may not.
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  /// This thread, and the processes, threads and sockets that it makes, are in the network as long
  /// as this lives.
  class Inside {
   public:
    explicit Inside(const NetworkNamespace& network);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    int before_;
  };

 private:
  int descriptor_ = -1;
};

/// An interface (TUN) of a network whose packets leave and arrive through a descriptor: the end of
/// a wire. Points from `own` to `peer`, both IPv4 addresses.
class WireEnd {
 public:
  WireEnd(const NetworkNamespace& network, const std::string& interface, const std::string& own,
          const std::string& peer);
  ~WireEnd();
  WireEnd(const WireEnd&) = delete;
  WireEnd& operator=(const WireEnd&) = delete;

  int descriptor() const { return descriptor_; }
  /// False: as with the plug pulled. The interface keeps its address.
  void set_carrier(bool carrier) const;

 private:
  int descriptor_ = -1;
};

/// Empty, or why this process can make neither networks nor wires.
std::string why_no_networks();

}  // namespace squall::tests
