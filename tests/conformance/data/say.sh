echo "from the asset" > "$1"
