set -eu
grep -q Hello greeting.txt
echo "1 passed, 0 failed"
