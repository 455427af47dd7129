redirect() {
  printf '%s\n' "$2" | "$1-restore" --noflush --wait 30
  "$1" --wait 30 -t nat -C PREROUTING -p tcp -j PILLION_IN 2>/dev/null || "$1" --wait 30 -t nat -A PREROUTING -p tcp -j PILLION_IN
  "$1" --wait 30 -t nat -C OUTPUT -p tcp -j PILLION_OUT 2>/dev/null || "$1" --wait 30 -t nat -A OUTPUT -p tcp -j PILLION_OUT
}
redirect iptables "$1"
if [ -r /proc/net/if_inet6 ]; then
  while read -r address index prefix scope rest; do
    if [ "$scope" = 00 ] && [ "$address" != 00000000000000000000000000000006 ]; then
      ip -6 addr replace ::6/128 dev lo
      redirect ip6tables "$2"
      break
    fi
  done </proc/net/if_inet6
fi
