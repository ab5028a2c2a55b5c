#include "tests/failures/network_namespace.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace squall::tests {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void must(int result, const char* what) {
  if (result < 0) fail(what);
}

constexpr const char* network_of_this_thread = "/proc/thread-self/ns/net";

/// A socket to set up the interfaces of this thread's network with.
class Settings {
 public:
  explicit Settings(const std::string& interface)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    must(socket_, "cannot open a socket");
    std::strncpy(request_.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  }
  ~Settings() { close(socket_); }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void address(unsigned long which, const std::string& number) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, number.c_str(), &address.sin_addr) != 1) {
      errno = EINVAL;
      fail(number);
    }
    std::memcpy(&request_.ifr_addr, &address, sizeof address);
    must(ioctl(socket_, which, &request_), "cannot give an interface its address");
  }
  void bring_up() {
    must(ioctl(socket_, SIOCGIFFLAGS, &request_), "cannot ask for an interface's state");
    request_.ifr_flags = static_cast<short>(request_.ifr_flags | IFF_UP | IFF_RUNNING);
    must(ioctl(socket_, SIOCSIFFLAGS, &request_), "cannot bring an interface up");
  }

 private:
  int socket_;
  ifreq request_{};
};

}  // namespace

NetworkNamespace::NetworkNamespace() {
  // A thread of its own: this one stays where it is.
  std::exception_ptr error;
  std::thread([&] {
    try {
      must(unshare(CLONE_NEWNET), "cannot make a network");
      descriptor_ = open(network_of_this_thread, O_RDONLY | O_CLOEXEC);
      must(descriptor_, "cannot hold a network");
      Settings("lo").bring_up();
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error && descriptor_ >= 0) close(descriptor_);
  if (error) std::rethrow_exception(error);
}

NetworkNamespace::~NetworkNamespace() { close(descriptor_); }

NetworkNamespace::Inside::Inside(const NetworkNamespace& network)
    : before_(open(network_of_this_thread, O_RDONLY | O_CLOEXEC)) {
  must(before_, "cannot look at this thread's network");
  must(setns(network.descriptor_, CLONE_NEWNET), "cannot enter a network");
}

NetworkNamespace::Inside::~Inside() {
  // In the wrong network everything after it would mean something else.
  if (setns(before_, CLONE_NEWNET) != 0) std::terminate();
  close(before_);
}

WireEnd::WireEnd(const NetworkNamespace& network, const std::string& interface,
                 const std::string& own, const std::string& peer) {
  const NetworkNamespace::Inside inside(network);
  descriptor_ = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  must(descriptor_, "cannot open /dev/net/tun");
  try {
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    must(ioctl(descriptor_, TUNSETIFF, &request), "cannot make an interface");
    Settings settings(interface);
    settings.address(SIOCSIFADDR, own);
    settings.address(SIOCSIFDSTADDR, peer);
    settings.bring_up();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

WireEnd::~WireEnd() { close(descriptor_); }

void WireEnd::set_carrier(bool carrier) const {
  int wanted = carrier ? 1 : 0;
  must(ioctl(descriptor_, TUNSETCARRIER, &wanted), "cannot pull or put a plug");
}

std::string why_no_networks() {
  try {
    const NetworkNamespace network;
    const WireEnd end(network, "try0", "10.0.0.1", "10.0.0.2");
    return {};
  } catch (const std::system_error& error) {
    return std::string(error.what()) +
           "; tests of the network need root and /dev/net/tun, to make networks of their own";
  }
}

}  // namespace squall::tests
